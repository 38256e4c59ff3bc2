package templates

import (
	"strconv"
	"strings"
)

// ChartKind selects how a chart is drawn.
type ChartKind string

// Kinds of chart. Both stack their series.
const (
	ChartBars ChartKind = "bars" // vertical bars in sequence: hours, days
	ChartRank ChartKind = "rank" // horizontal bars, for names: gates, reasons
)

// Chart is a table that is also drawn as a chart; partial "chart". The table is part of the page's
// text: for people who cannot see a drawing, for copying, and for browsers without scripts. Only
// pages with a chart load the script.
type Chart struct {
	ID    string // unique in the page
	Title string
	Words string // what the chart shows, as a sentence
	Kind  ChartKind
	Of    string // heading of the first column: "时段"
	// Series are the columns of figures, in stacking order.
	Series []ChartSeries
	Rows   []ChartRow
}

// ChartSeries is one column of figures in the colour of Tone.
type ChartSeries struct {
	Label string
	Tone  Tone
}

// ChartRow is a row of the table and a bar of the chart.
type ChartRow struct {
	Label string
	URL   string // details of the bar; empty for none
	Cells []ChartCell
}

// ChartCell is a figure with an optional link to its details.
type ChartCell struct {
	N   int
	URL string // empty for none
}

// Text formats the figure as 12,345.
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
