"""OpenDSR 2.0, formerly OpenGDPR, as the processor: what its words mean here, and how it is signed."""
