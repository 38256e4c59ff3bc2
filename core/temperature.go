package core

import (
	"math"
	"strconv"
	"strings"
)

// temperatureSigns are what people and their keyboards write around a temperature.
var temperatureSigns = strings.NewReplacer("，", ".", ",", ".", "。", ".", "．", ".", "℃", "", "°C", "", " ", "")

// ParseTenths reads a temperature such as 37.3 or 37，3 ℃ and returns its tenths of a
// degree. ok is false for a text that is no temperature between 0 and 100 degrees.
func ParseTenths(text string) (tenths int, ok bool) {
	degrees, err := strconv.ParseFloat(temperatureSigns.Replace(Clean(text)), 64)
	if err != nil || math.IsNaN(degrees) || degrees < 0 || degrees > 100 {
		return 0, false
	}
	return int(degrees*10 + 0.5), true
}
