"""What live journals and large ones cost: how soon a follower sees a frame, memory over gigabytes, what salvage saves.

``python -m benchmarks.live`` measures it, into ``reports/data/live``, and renders ``reports/live.md`` from that.
"""
