{{ secured('fct_audio_sessions') }}
