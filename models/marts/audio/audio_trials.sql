{{ secured('fct_audio_trials') }}
