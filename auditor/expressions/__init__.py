"""Template expressions: their syntax, the values they compute with, and the functions of their arguments alone.

Shared by what judges (conditions of rules and policies) and what reads code (Bicep, ARM templates, Terraform).
"""
