"""Bicep, ARM and Terraform declarations of resources, so that findings are shown at the code that made them."""

from auditor.iac.locate import declared_at

__all__ = ["declared_at"]
