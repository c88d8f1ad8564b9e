"""Read a finding as the codes it holds."""

from ferry.rules.findings import Finding


def refused(finding: Finding) -> list[str]:
    return [reason.code for reason in finding.refuses]


def warned(finding: Finding) -> list[str]:
    return [reason.code for reason in finding.warns]
