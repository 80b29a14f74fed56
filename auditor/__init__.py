"""Audits the security posture of Azure: collect, relate, judge, report."""

__version__ = "0.1.0"
