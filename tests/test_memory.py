"""No two living storages overlap."""

from hypothesis import given
from hypothesis import strategies as st

from chainrule.plan.memory import ALIGN, Lifetime, aligned, place

LIFETIMES = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 10), st.integers(0, 5000)).map(
        lambda t: Lifetime(t[0], t[0] + t[1], t[2])
    ),
    max_size=30,
)


@given(LIFETIMES)
def test_living_storages_do_not_overlap(lifetimes: list[Lifetime]) -> None:
    offsets, total = place(lifetimes)
    for i, (a, start) in enumerate(zip(lifetimes, offsets, strict=True)):
        assert start % ALIGN == 0
        assert start + a.size <= total
        for b, other in list(zip(lifetimes, offsets, strict=True))[i + 1 :]:
            lives_together = a.first <= b.last and b.first <= a.last
            apart = start + aligned(a.size) <= other or other + aligned(b.size) <= start
            assert apart or not lives_together or not (a.size and b.size)


@given(LIFETIMES)
def test_the_arena_is_no_larger_than_all_storages_together(lifetimes: list[Lifetime]) -> None:
    _, total = place(lifetimes)
    assert total <= sum(aligned(life.size) for life in lifetimes)


def test_a_storage_moves_into_the_place_of_a_dead_one() -> None:
    offsets, total = place([Lifetime(0, 1, 100), Lifetime(1, 2, 100), Lifetime(2, 3, 100)])
    assert offsets[0] == offsets[2]
    assert total == 2 * aligned(100)
