"""What the codecs of OpenAI's APIs are made of; the codecs stand in `llmroute.providers.codecs`."""
