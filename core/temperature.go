package core

import (
	"math"
	"strconv"
	"strings"
)

// temperatureSigns normalises what people and their keyboards write around a temperature.
var temperatureSigns = strings.NewReplacer("，", ".", ",", ".", "。", ".", "．", ".", "℃", "", "°C", "", " ", "")

// ParseTenths parses a temperature such as 37.3 or 37，3 ℃ and returns tenths of a degree. ok
// reports whether the text is a temperature between 0 and 100 degrees.
func ParseTenths(text string) (tenths int, ok bool) {
	degrees, err := strconv.ParseFloat(temperatureSigns.Replace(Clean(text)), 64)
	if err != nil || math.IsNaN(degrees) || degrees < 0 || degrees > 100 {
		return 0, false
	}
	return int(degrees*10 + 0.5), true
}
