"""How a game's page and its handlers talk: what is asked with stands in the page, in no knob."""

from collections.abc import Callable

from demos import ui


def rounds(call: str, table, reveal, deal: Callable, answer: Callable, values: int) -> None:
    """A round is asked for, answered, revealed. call: in JavaScript, the element with asks, says, reveal, failed.

    values: how many deal and answer take, each.
    """
    asked, said = ([ui.html(None, visible=False) for _ in range(values)] for _ in range(2))
    next_round = ui.in_page(table.select, f"() => {call}.asks()", None, asked)
    dealt = ui.on(next_round.then, deal, asked, table)
    answered = ui.in_page(table.submit, f"() => {call}.says()", None, said)
    told = ui.on(answered.then, answer, said, reveal)
    for event in (dealt, told):
        ui.in_page(event.failure, f"() => {call}.failed()")
    ui.in_page(told.success, f"(told) => {call}.reveal(told)", reveal)


def record(call: str, sheet, plotted, count: Callable) -> None:
    """What this window keeps of a game is counted. call: in JavaScript, the element with rounds, counted."""
    played = ui.html("[]", visible=False)
    ui.first(count, [played], [sheet, plotted])
    asked = ui.in_page(sheet.select, f"() => {call}.rounds()", None, played)
    counted = ui.on(asked.then, count, played, [sheet, plotted])
    for event in (counted.success, counted.failure):
        ui.in_page(event, f"() => {call}.counted()")
