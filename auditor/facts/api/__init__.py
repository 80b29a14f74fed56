"""What checks the callers of published APIs, read from the policies of API Management."""
