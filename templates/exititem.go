package templates

// ExitItem is a thing that an exit slip lets out, in a list of the partial "exit-items".
type ExitItem struct {
	N          int
	Text       string // 冰箱 1 件
	Left       string // when and where it left; "" = it has not
	LeftURL    string // of the record; "" = none, or the viewer may not open it
	URL, Thumb string // of its picture; "" = there is none
	Tick       bool   // the guard may let it out now
	Ticked     bool
}
