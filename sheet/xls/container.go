package xls

import (
	"encoding/binary"
	"unicode/utf16"
)

// A compound file ([MS-CFB]) is a small file system: sectors of one size, chains of them in a
// table, streams named in a directory. Small streams are in sectors of 64 bytes within a stream of
// their own.
const (
	headerSize  = 512
	entrySize   = 128
	headerTable = 109 // sectors of the table that the header names
	lastSector  = 0xfffffffa
	noEntry     = 0xffffffff
)

// Kinds of a directory's entries.
const (
	entryStream = 2
	entryRoot   = 5
)

// container is a compound file in memory. All its numbers are claims: whatever points outside of
// the file is an error, and no chain is longer than the file has sectors.
type container struct {
	content []byte
	shift   uint // of a sector's size
	table   []uint32
	entries []byte

	small      []byte // the stream of small sectors
	smallShift uint
	smallTable []uint32
	cutoff     uint32 // streams shorter than this are small
}

// openContainer reads the tables and the directory of a compound file.
func openContainer(content []byte) (*container, error) {
	if len(content) < headerSize || binary.LittleEndian.Uint64(content) != 0xe11ab1a1e011cfd0 {
		return nil, ErrForeign
	}
	c := &container{
		content: content, shift: uint(short(content, 30)), smallShift: uint(short(content, 32)), cutoff: long(content, 56),
	}
	if c.shift != 9 && c.shift != 12 || c.smallShift != 6 {
		return nil, ErrBroken
	}
	if err := c.readTable(); err != nil {
		return nil, err
	}
	var err error
	if c.entries, err = c.chain(long(content, 48), len(content)); err != nil {
		return nil, err
	}
	if len(c.entries) < entrySize || c.entries[66] != entryRoot {
		return nil, ErrBroken
	}
	return c, c.readSmall()
}

// sectors returns how many sectors the file has at most.
func (c *container) sectors() int { return len(c.content) >> c.shift }

// sector returns a sector; the last one of a file may be cut off.
func (c *container) sector(n uint32) ([]byte, error) {
	from := (int64(n) + 1) << c.shift
	if n >= lastSector || from >= int64(len(c.content)) {
		return nil, ErrBroken
	}
	return c.content[from:min(from+1<<c.shift, int64(len(c.content)))], nil
}

// readTable reads the table of sectors, whose own sectors are listed in the header and in a chain
// that begins there.
func (c *container) readTable() error {
	add := func(n uint32) error {
		sector, err := c.sector(n)
		if err != nil || len(c.table) > c.sectors() {
			return ErrBroken
		}
		c.table = appendLongs(c.table, sector)
		return nil
	}
	count := int64(long(c.content, 44))
	for i := int64(0); i < min(count, headerTable); i++ {
		if err := add(long(c.content, 76+4*int(i))); err != nil {
			return err
		}
	}
	next, count := long(c.content, 68), count-headerTable
	for steps := 0; count > 0; steps++ {
		list, err := c.sector(next)
		if err != nil || steps > c.sectors() || len(list) < 1<<c.shift {
			return ErrBroken
		}
		end := len(list) - 4
		for at := 0; at < end && count > 0; at, count = at+4, count-1 {
			if err := add(long(list, at)); err != nil {
				return err
			}
		}
		next = long(list, end)
	}
	return nil
}

// readSmall reads the stream and the table of small sectors.
func (c *container) readSmall() error {
	root := c.entries[:entrySize]
	if long(c.content, 64) == 0 || long(root, 120) == 0 {
		return nil
	}
	table, err := c.chain(long(c.content, 60), len(c.content))
	if err != nil {
		return err
	}
	c.smallTable = appendLongs(nil, table)
	c.small, err = c.chain(long(root, 116), int(long(root, 120)))
	return err
}

// chain returns the content of a chain of sectors, at most size bytes.
func (c *container) chain(first uint32, size int) ([]byte, error) {
	size = min(size, len(c.content))
	if whole := c.contiguous(first, size); whole != nil {
		return whole, nil
	}
	var out []byte
	steps := 0
	for n := first; n < lastSector && len(out) < size; steps++ {
		sector, err := c.sector(n)
		if err != nil || steps > c.sectors() || int64(n) >= int64(len(c.table)) {
			return nil, ErrBroken
		}
		out = append(out, sector...)
		n = c.table[n]
	}
	return out[:min(len(out), size)], nil
}

// contiguous returns the content of a chain whose sectors follow each other in the file, without a
// copy, or nil.
func (c *container) contiguous(first uint32, size int) []byte {
	from := (int64(first) + 1) << c.shift
	count := (size + 1<<c.shift - 1) >> c.shift
	if first >= lastSector || count == 0 || from+int64(size) > int64(len(c.content)) || int64(first)+int64(count) > int64(len(c.table)) {
		return nil
	}
	for n := first; n < first+uint32(count)-1; n++ {
		if c.table[n] != n+1 {
			return nil
		}
	}
	return c.content[from : from+int64(size)]
}

// smallChain is chain for small sectors.
func (c *container) smallChain(first uint32, size int) ([]byte, error) {
	var out []byte
	size = min(size, len(c.small))
	for n, steps := first, 0; n < lastSector && len(out) < size; steps++ {
		from := int64(n) << c.smallShift
		if from >= int64(len(c.small)) || int64(n) >= int64(len(c.smallTable)) || steps > len(c.smallTable) {
			return nil, ErrBroken
		}
		out = append(out, c.small[from:min(from+1<<c.smallShift, int64(len(c.small)))]...)
		n = c.smallTable[n]
	}
	return out[:min(len(out), size)], nil
}

// names returns the streams of the root by name: those of embedded files are not among them.
func (c *container) names() map[string][]byte {
	found := map[string][]byte{}
	count := len(c.entries) / entrySize
	seen := make([]bool, count)
	todo := []uint32{long(c.entries, 76)}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if int64(n) >= int64(count) || seen[n] {
			continue
		}
		seen[n] = true
		entry := c.entries[int(n)*entrySize:][:entrySize]
		found[entryName(entry)] = entry
		todo = append(todo, long(entry, 68), long(entry, 72))
	}
	return found
}

// stream returns the content of a stream.
func (c *container) stream(entry []byte) ([]byte, error) {
	if entry[66] != entryStream {
		return nil, ErrBroken
	}
	size := long(entry, 120)
	if size < c.cutoff {
		return c.smallChain(long(entry, 116), int(size))
	}
	return c.chain(long(entry, 116), int(size))
}

func entryName(entry []byte) string {
	size := min(int(short(entry, 64)), 64)/2 - 1
	var units []uint16
	for i := range max(size, 0) {
		units = append(units, short(entry, 2*i))
	}
	return string(utf16.Decode(units))
}

func short(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }

func long(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }

func appendLongs(to []uint32, from []byte) []uint32 {
	for at := 0; at+4 <= len(from); at += 4 {
		to = append(to, long(from, at))
	}
	return to
}
