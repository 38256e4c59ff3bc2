package xls

import (
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// Flags of a text ([MS-XLS] 2.5.293).
const (
	textWide = 1 << 0 // two bytes a character
	textExt  = 1 << 2
	textRich = 1 << 3
)

// cursor reads the content of a record and of the CONTINUE records behind it.
type cursor struct {
	book *Book
	segment
}

// settle moves to the next record if this one is read.
func (c *cursor) settle() error {
	for c.from >= c.to {
		next, ok := c.book.record(c.to)
		if !ok || next.kind != recordContinue {
			return ErrBroken
		}
		c.segment = next.segment
	}
	return nil
}

func (c *cursor) byte() (byte, error) {
	if err := c.settle(); err != nil {
		return 0, err
	}
	c.from++
	return c.book.records[c.from-1], nil
}

// number reads a little-endian number of so many bytes.
func (c *cursor) number(size int) (int, error) {
	n := 0
	for i := range size {
		b, err := c.byte()
		if err != nil {
			return 0, err
		}
		n |= int(b) << (8 * i)
	}
	return n, nil
}

func (c *cursor) skip(n int) error {
	for n > 0 {
		if err := c.settle(); err != nil {
			return err
		}
		step := min(n, c.to-c.from)
		c.from += step
		n -= step
	}
	return nil
}

// run reads the next bytes of a text that are in one record: units are those still missing, wide
// how they are written. At the beginning of a further record the text says again how it is written.
func (c *cursor) run(units int, wide *bool) ([]byte, error) {
	if c.from >= c.to {
		if err := c.settle(); err != nil {
			return nil, err
		}
		flags, err := c.byte()
		if err != nil {
			return nil, err
		}
		*wide = flags&textWide != 0
		if err := c.settle(); err != nil {
			return nil, err
		}
	}
	size := units
	if *wide {
		size *= 2
	}
	size = min(size, c.to-c.from)
	if *wide {
		size &^= 1
	}
	if size == 0 {
		return nil, ErrBroken // half a character
	}
	c.from += size
	return c.book.records[c.from-size : c.from], nil
}

// chars reads flags and then so many characters, as UTF-8.
func (c *cursor) chars(units int) ([]byte, error) {
	flags, err := c.byte()
	if err != nil {
		return nil, err
	}
	return c.text(units, flags&textWide != 0)
}

// MaxText is how many characters of a text are read, those beyond the BMP counting as two. A long
// text that very many cells share must not be decoded for each.
const MaxText = 4096

// text reads so many characters. A character beyond the BMP counts as two, and may begin in one
// record and end in the next.
func (c *cursor) text(units int, wide bool) ([]byte, error) {
	units = min(units, MaxText)
	out := make([]byte, 0, min(units, 64)*3)
	var high rune
	for units > 0 {
		run, err := c.run(units, &wide)
		if err != nil {
			return nil, err
		}
		if !wide {
			units -= len(run)
			for _, b := range run {
				out = utf8.AppendRune(out, rune(b))
			}
			continue
		}
		units -= len(run) / 2
		for i := 0; i < len(run); i += 2 {
			unit := rune(short(run, i))
			switch {
			case high != 0 && utf16.IsSurrogate(unit):
				unit, high = utf16.DecodeRune(high, unit), 0
			case utf16.IsSurrogate(unit):
				high = unit
				continue
			}
			high = 0
			out = utf8.AppendRune(out, unit)
		}
	}
	return out, nil
}

// skipText moves behind so many characters.
func (c *cursor) skipText(units int, wide bool) error {
	for units > 0 {
		run, err := c.run(units, &wide)
		if err != nil {
			return err
		}
		if wide {
			units -= len(run) / 2
		} else {
			units -= len(run)
		}
	}
	return nil
}

// richHead reads what is before the characters of a shared text: their number, how they are
// written, and how many bytes are behind them.
func (c *cursor) richHead() (units int, wide bool, behind int, err error) {
	if units, err = c.number(2); err != nil {
		return
	}
	flags, err := c.byte()
	if err != nil {
		return
	}
	if flags&textRich != 0 {
		runs, err := c.number(2)
		if err != nil {
			return 0, false, 0, err
		}
		behind += 4 * runs
	}
	if flags&textExt != 0 {
		size, err := c.number(4)
		if err != nil {
			return 0, false, 0, err
		}
		behind += size
	}
	return units, flags&textWide != 0, behind, nil
}

func (c *cursor) skipRich() error {
	units, wide, behind, err := c.richHead()
	if err != nil {
		return err
	}
	if err := c.skipText(units, wide); err != nil {
		return err
	}
	return c.skip(behind)
}

// shared returns a shared text.
func (b *Book) shared(n uint32) ([]byte, error) {
	if int64(n) >= int64(len(b.texts)) {
		return nil, ErrBroken
	}
	at := int(b.texts[n])
	i, found := slices.BinarySearchFunc(b.parts, at, func(s segment, at int) int { return s.from - at })
	if !found {
		i--
	}
	if i < 0 {
		return nil, ErrBroken
	}
	c := &cursor{book: b, segment: segment{at, b.parts[i].to}}
	units, wide, _, err := c.richHead()
	if err != nil {
		return nil, err
	}
	return c.text(units, wide)
}
