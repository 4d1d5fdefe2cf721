"""Failures of policy loading and adjudication."""

from __future__ import annotations

from services.kit.errors import RuleForbids


class PolicyRefused(ValueError):
    """A policy pack is not loaded: it says what is wrong, where, and what would be right."""

    def __init__(self, *, file: str, path: str, problem: str, right: str) -> None:
        """Holds the file inside the pack folder, the path inside the file, and the two texts."""
        super().__init__(f"{file}: {path}: {problem}; {right}")
        self.file = file
        self.path = path
        self.problem = problem
        self.right = right


class IdentityBroken(RuntimeError):
    """An outcome violates an identity of the national interface: a bug, never a business answer."""


def not_covered(
    *, region_code: str, scheme_code: str, settlement_date: str, missing: str
) -> RuleForbids:
    """Returns the error for what no pack models; the engine answers it instead of guessing.

    Args:
        region_code: insured region.
        scheme_code: insutype.
        settlement_date: ISO date that selected the policy.
        missing: what is not modelled, e.g. `scheme` or `deductible.amount[cross_province,1]`.
    """
    return RuleForbids(
        "POLICY_NOT_COVERED",
        f"no policy of region {region_code} covers this on {settlement_date}: {missing}",
        zh="参保地该项待遇政策尚未配置，不能直接结算",
        metadata={
            "insuredRegionCode": region_code,
            "schemeCode": scheme_code,
            "date": settlement_date,
            "missing": missing,
        },
    )
