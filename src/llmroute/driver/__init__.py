"""The two small loops that run the flow against real time and real providers: sync and async."""
