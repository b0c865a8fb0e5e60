from hypothesis import settings

# A slow machine is no failure.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
