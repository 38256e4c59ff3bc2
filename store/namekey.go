package store

import (
	"encoding/hex"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"tongxing/core"
)

// maxNameKey is the width of resident.name_key, in bytes: eight characters of a name.
const maxNameKey = 48

// surnames are characters with another reading as a family name, each with a character that usually
// has that reading.
var surnames = strings.NewReplacer(
	"\x00曾", "增", "\x00单", "善", "\x00仇", "求", "\x00区", "欧", "\x00解", "谢", "\x00查", "渣",
	"\x00盖", "葛", "\x00朴", "瓢", "\x00翟", "宅", "\x00缪", "妙", "\x00乐", "月", "\x00员", "运",
	"\x00尉迟", "玉迟", "\x00长孙", "掌孙", "\x00澹台", "谈台", "\x00", "",
)

// collators order by pinyin, ignoring case and width. A collator has state, so concurrent calls
// need different ones.
var collators = sync.Pool{New: func() any { return collate.New(language.Chinese, collate.Loose) }}

// nameKey returns the key that a person's name sorts by: pinyin, after names in letters. It is
// ASCII and compared by bytes.
func nameKey(name string) string {
	c := collators.Get().(*collate.Collator) //nolint:forcetypeassert // New puts nothing else there
	defer collators.Put(c)
	var buffer collate.Buffer
	key := hex.EncodeToString(c.KeyFromString(&buffer, surnames.Replace("\x00"+core.Clean(name))))
	return key[:min(len(key), maxNameKey)]
}
