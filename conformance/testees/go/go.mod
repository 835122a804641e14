module flatstream-testee

go 1.24

require (
	github.com/sigurn/crc16 v0.0.0-20211026045750-20ab5afb07e3
	github.com/zeebo/xxh3 v1.1.0
)

require (
	github.com/klauspost/cpuid/v2 v2.2.10 // indirect
	golang.org/x/sys v0.30.0 // indirect
)
