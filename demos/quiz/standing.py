"""How a room stands: what everybody may see, what the teacher sees besides, all votes of the rounds that were revealed.

Read inside one transaction of the caller's, so that the parts are of one moment.
"""

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from demos.quiz import games
from demos.quiz.tables import Player, Room, Round, Vote


def state(session: Session, room: Room) -> dict:
    """Nothing that gives an open round away, and nobody's vote."""
    game = games.of(room.deck)
    votes = select(func.count()).where(Vote.room == room.code, Vote.round == room.round)
    seen = dict(
        code=room.code,
        game=game.name,
        phase=room.phase,
        round=room.round,
        version=room.version,
        voted=session.scalar(votes),
        players=session.scalar(select(func.count()).where(Player.room == room.code)),
    )
    if dealt := session.get(Round, (room.code, room.round)):
        seen |= game.asked(dealt)
        if room.phase in ("revealed", "over"):
            seen |= game.told(dealt) | dict(void=dealt.void)
    return seen


def taught(session: Session, room: Room) -> dict:
    """The votes for each face as they come, the ranking, the door: only for who has shown the teacher's secret."""
    dealt = session.get(Round, (room.code, room.round))
    picks = select(Vote.picks).where(Vote.room == room.code, Vote.round == room.round)
    counts = games.of(room.deck).counts(session.scalars(picks).all(), dealt)
    players = session.scalars(
        select(Player).where(Player.room == room.code).order_by(Player.id)
    ).all()
    right = _right(session, room)
    ranking = sorted(players, key=lambda p: (-right.get(p.id, 0), p.id))
    ranks: dict[int, int] = {}  # who has as many right shares a rank
    for place, player in enumerate(ranking, 1):
        ranks.setdefault(right.get(player.id, 0), place)
    shown = [
        dict(id=p.id, name=p.name, hidden=p.hidden, right=points, rank=ranks[points])
        for p in ranking
        for points in [right.get(p.id, 0)]
    ]
    return dict(counts=counts, ranking=shown, shut=room.shut)


def reached(session: Session, room: Room, player: int) -> dict:
    """One player's total and rank: faces right, faces shown in all rounds that count, rank."""
    right = _right(session, room)
    mine = right.get(player, 0)
    rounds = select(func.count()).where(Round.room == room.code, ~Round.void, _told(room))
    return dict(
        right=mine, faces=3 * session.scalar(rounds), rank=1 + sum(r > mine for r in right.values())
    )


def votes(session: Session, room: Room) -> list[dict]:
    """Every vote in rounds that are revealed and not void."""
    rows = session.execute(
        select(Vote, Round, Player)
        .join(Round, (Round.room == Vote.room) & (Round.number == Vote.round))
        .join(Player, Player.id == Vote.player)
        .where(Vote.room == room.code, ~Round.void, _told(room))
        .order_by(Vote.round, Player.id)
    )
    return [
        dict(
            round=vote.round,
            player=player.name,
            hidden=player.hidden,
            picks=vote.picks,
            sure=vote.sure,
            real=dealt.real,
            sources=dealt.names,
            choices=dealt.options,
        )
        for vote, dealt, player in rows
    ]


def _told(room: Room) -> ColumnElement[bool]:
    return Round.number <= (room.round - 1 if room.phase == "open" else room.round)


def _right(session: Session, room: Room) -> dict[int, int]:
    """How many faces each player has named rightly, in rounds that are revealed; who never voted is not in it."""
    same = [
        case((func.substr(Vote.picks, k, 1) == func.substr(Round.real, k, 1), 1), else_=0)
        for k in (1, 2, 3)
    ]
    rows = session.execute(
        select(Vote.player, func.sum(sum(same)))
        .join(Round, (Round.room == Vote.room) & (Round.number == Vote.round))
        .where(Vote.room == room.code, ~Round.void, _told(room))
        .group_by(Vote.player)
    )
    return {player: int(right) for player, right in rows}
