package store

import (
	"bytes"
	"sort"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/collate"

	"tongxing/core"
)

// maxInitials is the width of the columns name_initials.
const maxInitials = 64

// initialLetters are the letters that pinyin begins with, and firstRead, beside each, the character
// that is the first of its letter in the order of pinyin.
const (
	initialLetters = "abcdefghjklmnopqrstwxyz"
	firstRead      = "阿八嚓咑妸发旮哈丌咔垃妈嗯喔妑七呥仨他穵夕丫帀"
)

// initialBounds returns the keys of firstRead.
var initialBounds = sync.OnceValue(func() [][]byte {
	var bounds [][]byte
	for _, r := range firstRead {
		bounds = append(bounds, pinyinKey(r))
	}
	return bounds
})

// initialsKnown are the initials of characters seen so far: rune to byte.
var initialsKnown sync.Map

// Initials returns the pinyin initials of a name or a title in lower case: zjg of 张建国. Of what is
// written in letters it takes the first of each word. The first character is read as a family name.
func Initials(name string) string {
	var b strings.Builder
	inWord := false
	for _, r := range surnames.Replace("\x00" + core.Clean(name)) {
		switch {
		case unicode.Is(unicode.Han, r):
			if letter := initialOf(r); letter != 0 {
				b.WriteByte(letter)
			}
			inWord = false
		case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z':
			if !inWord {
				b.WriteByte(byte(unicode.ToLower(r)))
			}
			inWord = true
		default:
			inWord = unicode.IsLetter(r)
		}
	}
	return b.String()
}

// nameInitials returns Initials for a column.
func nameInitials(name string) string { return cut(Initials(name), maxInitials) }

// initialOf returns the first letter of a character's pinyin; 0 = it is not known.
func initialOf(r rune) byte {
	if letter, ok := initialsKnown.Load(r); ok {
		return letter.(byte) //nolint:forcetypeassert // nothing else is stored there
	}
	letter := byte(0)
	bounds, key := initialBounds(), pinyinKey(r)
	at := sort.Search(len(bounds), func(i int) bool { return bytes.Compare(bounds[i], key) > 0 })
	if at > 0 && bytes.Compare(key, lastRead()) <= 0 {
		letter = initialLetters[at-1]
	}
	initialsKnown.Store(r, letter)
	return letter
}

// lastRead returns the key of the last character in the order of pinyin; behind it come those whose
// reading is not known.
var lastRead = sync.OnceValue(func() []byte { return pinyinKey('蓙') })

func pinyinKey(r rune) []byte {
	c := collators.Get().(*collate.Collator) //nolint:forcetypeassert // New puts nothing else there
	defer collators.Put(c)
	var buffer collate.Buffer
	return bytes.Clone(c.KeyFromString(&buffer, string(r)))
}
