"""Failures of policy loading and adjudication."""

from __future__ import annotations

from services.kit.errors import RuleForbids


class PolicyRefused(ValueError):
    """A policy pack is not loaded: it says what is wrong, where, and what would be right."""

    def __init__(
        self, *, file: str, path: str, problem: str, right: str, line: int | None = None
    ) -> None:
        """Holds the place and the two texts.

        Args:
            file: name of the region's folder and of the file in it.
            path: keys with points between, `[n]` for the n-th of a list; `(top)`: the whole file.
            problem: what is wrong.
            right: what would be right.
            line: of the file, from 1; None: not looked up, or there is no such file.
        """
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {path}: {problem}; {right}")
        self.file = file
        self.path = path
        self.problem = problem
        self.right = right
        self.line = line

    def on_line(self, line: int) -> PolicyRefused:
        """Returns the same refusal with the line of its place."""
        return PolicyRefused(
            file=self.file, path=self.path, problem=self.problem, right=self.right, line=line
        )


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
