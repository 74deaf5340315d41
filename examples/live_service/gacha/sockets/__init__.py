"""`/gacha/socket`: banners and a player's own pulls over a WebSocket.

`routes`
    The handshake and the tickets, in Flask; hands the connection over to the hub.
`hub`
    The thread with the event loop that all sockets of the process live on.
`connection`
    One WebSocket: messages in and out, limits on size and pace, pings.
`conversation`
    What is said on it: logging in, asking for banners, being told.
`frames`
    How a message is spelled; the contract is `api/asyncapi.yaml`.
`player_events`, `redis_events`
    What a player was told, numbered and kept for a while: in this process, or in Redis
    for all of them.
`tickets`
    Single-use tickets.
`announcements`
    What sockets are told of pulls and banners.
`banner_watch`
    Notices that a banner opens, changes or closes.
`origins`
    Which web pages may open a socket.
`limits`
    How many, how much, how fast.
"""
