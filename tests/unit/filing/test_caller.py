"""The agency of a province keeps filings of its own people, and of nobody else's."""

import pytest

from services.filing import usecases
from services.filing.domain.errors import FilingOfAnotherProvince
from services.filing.servicer import _province

REGIONS = ("650100", "650000", "131199")


class Context:
    """A call over TLS with a certificate, or over none."""

    def __init__(self, name=None):
        self._name = name

    def auth_context(self):
        if self._name is None:
            return {}
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [self._name.encode()]}


def agency(region, role="agency"):
    return Context(f"spiffe://yijie/region/{region}/role/{role}")


def check(context, region):
    usecases.check_caller(_province(context), region, field="filing.insured_region_code")


def test_an_agency_keeps_filings_of_its_province():
    check(agency("650000"), "650100")
    with pytest.raises(FilingOfAnotherProvince) as caught:
        check(agency("650000"), "131100")
    assert caught.value.reason == "FILING_OF_ANOTHER_PROVINCE"
    assert caught.value.violations[0].field == "filing.insured_region_code"


@pytest.mark.parametrize("region", REGIONS)
def test_the_hub_and_who_is_trusted_by_the_port_keep_all(region):
    check(agency("000000", "hub"), region)
    check(Context(), region)


@pytest.mark.parametrize("region", REGIONS)
def test_other_certificates_keep_none(region):
    for context in (agency("650000", "institution"), Context("spiffe://elsewhere/650000")):
        with pytest.raises(FilingOfAnotherProvince):
            check(context, region)
