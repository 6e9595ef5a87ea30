"""Kuska's conversation side. The service directory lives beside it in `directory`.

The way of one message: a channel parses it (`channels`), `reception` hands it to the store's
worker, `conversation.receive` stores it and runs a turn (`engine`), the replies wait in the
`outbox` and are committed with it, and `delivery` sends them through the channel again.
`conversation.resume` is the second door: a counselor joined, replied or closed, a handoff expired.
docs/one-message.md follows it.

Talking     messages · engine · conversation · carrying (effects) · translation · extraction
Edges       channels · webhooks · reception · health · chores · settings · errors · house
Keeping     store · worker · job · database · prepared · columns · tables · models (personnel)
            records · payload · vault · masters (keys) · retention · traces (providers' copies)
            incidents · reports (did a service answer) · migrations
Sending     outbox · dispatch (its steps) · delivery (its loop) · content_sids
Counselors  handoffs · counseling · cases · transcript · desertion · duty · shifts · rest · console
            archive (cases that ended) · drafts · shortlist (services to give) · safeword · refusals
            staff · signin · pace · onetime · passkeys · account · staffing · audit · referral
            calling · pings · statistics
Operators   cli · terminal · rehearsal · upkeep · bulk · backup · doctor · checking · progress
            providers (a deployment's channels) · invitations (confirmation links) · mailing
"""
