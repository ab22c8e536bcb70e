"""JSON Schemas: of tools and answers, as providers take them, and what fits them."""
