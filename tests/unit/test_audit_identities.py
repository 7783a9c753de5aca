"""Which messages came before, and which stand in more than one partition."""

from kalimaya.audit.identities import First, Identities, in_several

ONE, OTHER = b"1" * 32, b"2" * 32


def test_the_first_of_an_identity_is_remembered_with_all_that_is_asked_of_it() -> None:
    seen = Identities()
    assert seen.meet(7, 0, 1, ONE, 1) is None
    assert seen.meet(-8, 1, 2, OTHER, 1) is None
    assert seen.meet(7, 2, 3, OTHER, 63) == First(0, 1, ONE)
    assert seen.meet(-8, 3, 4, OTHER, 2) == First(1, 2, OTHER)


def test_what_came_too_long_ago_is_forgotten_and_no_identity_of_several_partitions() -> None:
    seen = Identities()
    assert seen.meet(7, 0, 1, ONE, 1) is None
    assert seen.meet(7, 1, 2, OTHER, 64) is None
    assert seen.meet(7, 2, 3, OTHER, 65) == First(1, 2, OTHER)
    assert list(in_several({("a", 0): seen})) == []


def test_an_identity_in_several_partitions_is_told_with_its_first_place_in_each() -> None:
    partitions = {("a", 0): Identities(), ("a", 1): Identities(), ("b", 0): Identities()}
    for place, causes in {("a", 0): {5: 7, 6: 8}, ("a", 1): {0: 9}, ("b", 0): {3: 7, 4: 7}}.items():
        for cause, identity in causes.items():
            partitions[place].meet(identity, cause, cause, ONE, 1)
    for each in partitions.values():
        each.close()
    assert list(in_several(partitions)) == [[(("a", 0), 5), (("b", 0), 3)]]
