from ferry.rules.findings import FINE, Finding, refuse, warn


def test_it_keeps_every_reason_and_tells_warnings_from_refusals():
    finding = FINE + refuse("one", "First.", "vin") + warn("two", "Second.") + refuse("three", "Third.")

    assert [reason.code for reason in finding.refuses] == ["one", "three"]
    assert [reason.code for reason in finding.warns] == ["two"]
    assert finding.refuses[0].attr == "vin"


def test_it_is_empty_when_nothing_is_wrong():
    assert Finding() == FINE
    assert not FINE.refuses
    assert not FINE.warns
