"""What the codec of Gemini's own API is made of."""
