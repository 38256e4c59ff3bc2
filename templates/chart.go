package templates

import (
	"strconv"
	"strings"
)

// ChartKind is how a chart is drawn.
type ChartKind string

// The kinds of chart. Both stack their series.
const (
	ChartBars ChartKind = "bars" // upright, one after the other: hours, days
	ChartRank ChartKind = "rank" // lying, for names: gates, reasons
)

// Chart is a table that is drawn as a chart too; partial "chart". The table is in
// the page as text: for who cannot see a drawing, for copying, and where scripts
// are off. The script that draws is loaded by pages that have a chart only.
type Chart struct {
	ID    string // unique in the page
	Title string
	Words string // what the chart shows, in a sentence
	Kind  ChartKind
	Of    string // heading of the first column: "时段"
	// Series are the columns of figures, in the order in which they are stacked.
	Series []ChartSeries
	Rows   []ChartRow
}

// ChartSeries is one column of figures. Tone gives its colour.
type ChartSeries struct {
	Label string
	Tone  Tone
}

// ChartRow is a line of the table, and a bar of the chart.
type ChartRow struct {
	Label string
	URL   string // what lies behind the bar; empty for nothing
	Cells []ChartCell
}

// ChartCell is a figure, and what lies behind it alone.
type ChartCell struct {
	N   int
	URL string // empty for nothing
}

// Text writes the figure as 12,345.
func (c ChartCell) Text() string {
	digits := strconv.Itoa(c.N)
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			out.WriteByte(',')
		}
		out.WriteRune(d)
	}
	return out.String()
}
