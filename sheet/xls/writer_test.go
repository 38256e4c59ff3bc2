package xls

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"unicode/utf16"
)

// compound returns a compound file with the given streams, in the order of names. Streams of less
// than 4096 bytes are in small sectors.
func compound(names []string, streams map[string][]byte) []byte {
	var body, small bytes.Buffer
	var table, smallTable []uint32
	chain := func(content []byte, size int, to *bytes.Buffer, table *[]uint32) uint32 {
		first := uint32(len(*table))
		count := (len(content) + size - 1) / size
		to.Write(content)
		to.Write(make([]byte, count*size-len(content)))
		for i := range count {
			next := first + uint32(i) + 1
			if i == count-1 {
				next = 0xfffffffe
			}
			*table = append(*table, next)
		}
		return first
	}
	entries := entryOf("Root Entry", entryRoot, 0, 0)
	for i, name := range names {
		content := streams[name]
		first := uint32(0)
		if len(content) < 4096 {
			first = chain(content, 64, &small, &smallTable)
		} else {
			first = chain(content, 512, &body, &table)
		}
		entry := entryOf(name, entryStream, first, len(content))
		if i+1 < len(names) {
			binary.LittleEndian.PutUint32(entry[72:], uint32(i+2))
		}
		entries = append(entries, entry...)
	}
	binary.LittleEndian.PutUint32(entries[76:], 1)
	smallTableAt, smallAt := uint32(0xfffffffe), uint32(0xfffffffe)
	if small.Len() > 0 {
		smallAt = chain(small.Bytes(), 512, &body, &table)
		smallTableAt = chain(longs(smallTable), 512, &body, &table)
	}
	binary.LittleEndian.PutUint32(entries[116:], smallAt)
	binary.LittleEndian.PutUint32(entries[120:], uint32(small.Len()))
	directoryAt := chain(entries, 512, &body, &table)
	sectors, lists := 0, 0 // of the table, and of the chain that lists them
	for sectors*128 < len(table)+sectors+lists {
		sectors++
		lists = max(sectors-headerTable+126, 0) / 127
	}
	tableAt, listsAt := uint32(len(table)), uint32(len(table)+sectors)
	for range sectors {
		table = append(table, 0xfffffffd)
	}
	for range lists {
		table = append(table, 0xfffffffc)
	}
	for len(table)%128 != 0 {
		table = append(table, 0xffffffff)
	}
	body.Write(longs(table))
	for list := range lists {
		var numbers []uint32
		for i := range 127 {
			n := uint32(0xffffffff)
			if at := headerTable + 127*list + i; at < sectors {
				n = tableAt + uint32(at)
			}
			numbers = append(numbers, n)
		}
		body.Write(longs(append(numbers, listsAt+uint32(list)+1)))
	}

	head := make([]byte, headerSize)
	binary.LittleEndian.PutUint64(head, 0xe11ab1a1e011cfd0)
	binary.LittleEndian.PutUint16(head[26:], 3)
	binary.LittleEndian.PutUint16(head[28:], 0xfffe)
	binary.LittleEndian.PutUint16(head[30:], 9)
	binary.LittleEndian.PutUint16(head[32:], 6)
	binary.LittleEndian.PutUint32(head[44:], uint32(sectors))
	binary.LittleEndian.PutUint32(head[48:], directoryAt)
	binary.LittleEndian.PutUint32(head[56:], 4096)
	binary.LittleEndian.PutUint32(head[60:], smallTableAt)
	binary.LittleEndian.PutUint32(head[64:], uint32(len(smallTable)))
	binary.LittleEndian.PutUint32(head[68:], listsAt)
	binary.LittleEndian.PutUint32(head[72:], uint32(lists))
	for i := range headerTable {
		n := uint32(0xffffffff)
		if i < sectors {
			n = tableAt + uint32(i)
		}
		binary.LittleEndian.PutUint32(head[76+4*i:], n)
	}
	return append(head, body.Bytes()...)
}

func entryOf(name string, kind byte, first uint32, size int) []byte {
	entry := make([]byte, entrySize)
	units := utf16.Encode([]rune(name))
	for i, unit := range units {
		binary.LittleEndian.PutUint16(entry[2*i:], unit)
	}
	binary.LittleEndian.PutUint16(entry[64:], uint16(2*len(units)+2))
	entry[66], entry[67] = kind, 1
	for at := 68; at <= 76; at += 4 {
		binary.LittleEndian.PutUint32(entry[at:], noEntry)
	}
	binary.LittleEndian.PutUint32(entry[116:], first)
	binary.LittleEndian.PutUint32(entry[120:], uint32(size))
	return entry
}

func longs(numbers []uint32) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

// rec returns a record. Its parts are bytes, shorts (int), longs (uint32), doubles and texts
// (string: flags and characters, without their number).
func rec(kind uint16, parts ...any) []byte {
	var data []byte
	for _, part := range parts {
		switch v := part.(type) {
		case byte:
			data = append(data, v)
		case int:
			data = binary.LittleEndian.AppendUint16(data, uint16(v))
		case uint32:
			data = binary.LittleEndian.AppendUint32(data, v)
		case float64:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		case []byte:
			data = append(data, v...)
		case string:
			data = append(data, wide(v)...)
		}
	}
	out := binary.LittleEndian.AppendUint16(nil, kind)
	return append(binary.LittleEndian.AppendUint16(out, uint16(len(data))), data...)
}

// wide returns flags and the characters of a text, two bytes each.
func wide(text string) []byte {
	data := []byte{textWide}
	for _, unit := range utf16.Encode([]rune(text)) {
		data = binary.LittleEndian.AppendUint16(data, unit)
	}
	return data
}

func units(text string) int { return len(utf16.Encode([]rune(text))) }

// bookOf returns the stream of a workbook: globals, and one sheet of the given records.
func bookOf(globals []byte, sheet ...[]byte) []byte {
	bof := func(kind int) []byte { return rec(recordBOF, biff8, kind, 0, 0, uint32(0), uint32(0)) }
	name := "名单"
	listed := func(at int) []byte {
		return rec(recordSheet, uint32(at), byte(0), byte(worksheet), byte(units(name)), wide(name))
	}
	at := len(bof(5)) + len(globals) + len(listed(0)) + len(rec(recordEOF))
	return slices.Concat(bof(5), globals, listed(at), rec(recordEOF), bof(16), slices.Concat(sheet...), rec(recordEOF))
}

// fileOf returns a file with such a workbook.
func fileOf(globals []byte, sheet ...[]byte) []byte {
	return compound([]string{"Workbook"}, map[string][]byte{"Workbook": bookOf(globals, sheet...)})
}

// shared returns the records of texts that cells share.
func shared(texts []string) []byte {
	data := longs([]uint32{uint32(len(texts)), uint32(len(texts))})
	kind := uint16(recordSST)
	var out []byte
	for _, text := range texts {
		if len(data) > 8000 {
			out = append(out, rec(kind, data)...)
			kind, data = recordContinue, nil
		}
		data = append(data, byte(units(text)), byte(units(text)>>8))
		data = append(data, wide(text)...)
	}
	return append(out, rec(kind, data)...)
}
