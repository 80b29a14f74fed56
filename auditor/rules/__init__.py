"""The rule model, the condition language, loading, and rule self-tests."""
