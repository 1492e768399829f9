{{ secured('fct_audio_claims') }}
