{{ secured('fct_audio_fittings') }}
