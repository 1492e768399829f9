{{ tiny_secured('fct_audio_claims') }}
