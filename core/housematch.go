package core

import (
	"slices"
	"strings"
	"unicode"
)

// HouseMatch is a line of a pasted list, with the houses that it may mean: one is
// a match, none is nobody's, several are for a person to choose from.
type HouseMatch struct {
	Line   string
	Houses []House
}

// HouseMatchShown bounds the houses of a line that may mean several.
const HouseMatchShown = 20

// MatchHouses reads a pasted list, a house a line, against the houses of a
// community. A line means the house whose label it is; else those with the same
// figures in the same order ("3-2-501" is 3栋2单元501); else those whose label ends
// in its figures ("501"). A word of the line that is no common one of addresses
// must be in the label too. Empty lines are left out.
func MatchHouses(list string, houses []House) []HouseMatch {
	byLabel, keys := make(map[string]int, len(houses)), make([][]string, len(houses))
	for i, house := range houses {
		byLabel[house.Label] = i
		keys[i], _ = houseKey(house.Label)
	}
	var matches []HouseMatch
	for line := range strings.Lines(list) {
		if line = Clean(line); line == "" {
			continue
		}
		match := HouseMatch{Line: line}
		if i, ok := byLabel[line]; ok {
			match.Houses = houses[i : i+1]
		} else {
			match.Houses = matchKey(line, houses, keys)
		}
		matches = append(matches, match)
	}
	return matches
}

// matchKey gives the houses of a line's figures, at most HouseMatchShown.
func matchKey(line string, houses []House, keys [][]string) []House {
	key, words := houseKey(line)
	if len(key) == 0 {
		return nil
	}
	var whole, ends []House
	for i, of := range keys {
		if len(of) < len(key) || !slices.Equal(of[len(of)-len(key):], key) || !containsAll(houses[i].Label, words) {
			continue
		}
		if len(of) == len(key) {
			whole = append(whole, houses[i])
		} else {
			ends = append(ends, houses[i])
		}
	}
	if len(whole) == 0 {
		whole = ends
	}
	return whole[:min(len(whole), HouseMatchShown)]
}

// houseKey takes a label apart: its figures and Latin letters, and the runes that
// are not among the common ones of addresses.
func houseKey(label string) (key []string, words string) {
	key = strings.FieldsFunc(strings.ToUpper(label), func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, part := range key {
		if trimmed := strings.TrimLeft(part, "0"); trimmed != "" {
			key[i] = trimmed // 03栋 is 3栋
		}
	}
	words = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Han, r) && !strings.ContainsRune("栋幢座号楼单元门层室房户", r) {
			return r
		}
		return -1
	}, label)
	return key, words
}

func containsAll(text, runes string) bool {
	for _, r := range runes {
		if !strings.ContainsRune(text, r) {
			return false
		}
	}
	return true
}
