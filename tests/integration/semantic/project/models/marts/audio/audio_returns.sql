{{ secured('fct_audio_returns') }}
