"""Packs bytes as one block of the LZ4 format.

A block is a row of sequences. Each is literals, which are copied as they are, and a match: bytes that were
unpacked before and are repeated.

    token      upper four bits: literals; lower four bits: bytes of the match - 4
    length     only if the upper four bits are 15: bytes that are added to them, the last of them below 255
    literals
    offset     16 bits, low byte first: how far back the match begins; it may reach into itself
    length     only if the lower four bits are 15: the same for the match

The last sequence ends with its literals; no match begins in the last 12 bytes or reaches into the last 5.
The unpacker is src/arch/x86/image_unpack.inc.
"""

MATCH_MIN = 4
OFFSET_MAX = 0xFFFF
LAST_LITERALS = 5
LAST_MATCH_START = 12
TRIES = 16  # places that are compared, the nearest first: more pack by 1 % better and take longer


def matching(data, earlier, place, limit):
    """How many bytes at the two places are the same; fewer than limit - place."""
    step, length = 64, 0
    while step:
        while (place + length + step <= limit
               and data[earlier + length:earlier + length + step] == data[place + length:place + length + step]):
            length += step
        step //= 4
    return length


def length_bytes(length):
    """What follows a token whose four bits are min(length, 15)."""
    if length < 15:
        return b""
    return b"\xFF" * ((length - 15) // 255) + bytes([(length - 15) % 255])


def sequence(literals, match=None, offset=0):
    """One sequence. match is the match's bytes; the last sequence has none."""
    more = match - MATCH_MIN if match else 0
    packed = bytes([min(len(literals), 15) << 4 | min(more, 15)]) + length_bytes(len(literals)) + literals
    return packed + offset.to_bytes(2, "little") + length_bytes(more) if match else packed


class Places:
    """Where the four bytes that begin at a place have been before."""

    def __init__(self, data):
        self.data = data
        self.last = {}
        self.before = [-1] * len(data)

    def add(self, place):
        key = self.data[place:place + MATCH_MIN]
        self.before[place] = self.last.get(key, -1)
        self.last[key] = place

    def longest(self, place):
        """The longest match for what begins at place: its bytes, 0 if there is none, and its start."""
        data, limit = self.data, len(self.data) - LAST_LITERALS
        earlier = self.last.get(data[place:place + MATCH_MIN], -1)
        best, start = 0, -1
        for _ in range(TRIES):
            if earlier < 0 or place - earlier > OFFSET_MAX:
                break
            if data[earlier + best] == data[place + best]:  # else it cannot be longer
                length = matching(data, earlier, place, limit)
                if length > best:
                    best, start = length, earlier
                    if place + best >= limit:
                        break
            earlier = self.before[earlier]
        return (best, start) if best >= MATCH_MIN else (0, -1)


def pack(data):
    """The block; and by how many bytes, at most, the unpacked bytes are ahead of the packed ones that have been
    read: max(bytes written - bytes read) over the ends of all sequences."""
    places, packed = Places(data), bytearray()
    place = literals = ahead = 0
    while place < len(data) - LAST_MATCH_START:
        length, start = places.longest(place)
        places.add(place)
        if not length:
            place += 1
            continue
        packed += sequence(data[literals:place], length, place - start)
        for inside in range(place + 1, place + length):
            places.add(inside)
        place = literals = place + length
        ahead = max(ahead, place - len(packed))
    packed += sequence(data[literals:])
    return bytes(packed), max(ahead, len(data) - len(packed))
