"""What is known of providers and models, and how a declaration becomes a model."""
