"""The counselors' console (INTERFACE 3; SAFETY 20 to 23, 28).

    pages      templates, words, headers, the files a page loads
    sessions   the cookie, the token on forms, who may post
    room       what every handler needs; the one door through which all paths go: deny by default
    live       event streams: the part of a page that changes, sent whole when it did
    signin     enrolment, sign-in with a code or a passkey, sign-out
    account    second factors, password, signing out everywhere
    queue      presence, who waits, claiming
    shifts     everybody's week
    pings      where she is called when somebody waits
    statistics figures of whole weeks
    staff      who works here: add, change, new link, take off
    counter    what pages for people who never sign in need of it
    case       what every handler of one conversation needs: whose it is, its page
    thread     one conversation: read, reply, keep the draft, note, try again
    offering   services and ready phrases for the box
    marks      safe word, possibly under 18, the neutral knock
    closed     cases that ended, opened with a reason
    parting    to a colleague, to an organization, closed
    desk       the same door, shell and store lent to the directory's editor (`directory.web`)
    preview    a service as a person would see it
    referral   the referral form: typed, answered as a PDF, forgotten
    routes     `router(...)`: every path with the right it asks for

Pages work without script; with it they are live. Text of hers enters a page escaped only.
"""

from __future__ import annotations

from bot.console.counter import Counter
from bot.console.desk import EditorsDesk
from bot.console.live import Live
from bot.console.room import Room
from bot.console.routes import router

__all__ = ["Counter", "EditorsDesk", "Live", "Room", "router"]
