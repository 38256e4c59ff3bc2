package core

import "time"

// GuardPost is a place where guards let people pass 门岗.
type GuardPost struct {
	ID        ID
	Community ID
	Name      string
	Direction Direction // preset on the guard's page
	Disabled  time.Time
}

// Guard is somebody who works at posts of one community.
type Guard struct {
	ID        ID
	Community ID
	Name      string
	Phone     string // masked
	User      ID     // bound WeChat user; 0 = not yet
	Posts     []ID
	Disabled  time.Time
}
