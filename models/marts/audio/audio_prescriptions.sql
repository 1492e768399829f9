{{ secured('fct_audio_prescriptions') }}
