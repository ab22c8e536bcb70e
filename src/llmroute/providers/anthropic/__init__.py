"""What the codec of the Messages API is made of."""
