"""One module for each wire API, named after it: `CODEC` in it is the codec's class.

A new API is a module here, and nothing else: `llmroute.providers` finds it by its name.
"""
