package core

import "time"

// Community is one gated estate 小区.
type Community struct {
	ID       ID
	Name     string
	Address  string
	Phone    string   // of the property office
	Levels   []string // names of the building structure's levels, top first: 栋 单元 房间
	Archived time.Time
}

// BuildingNode is a node of a community's tree above its houses 楼栋节点.
type BuildingNode struct {
	ID        ID
	Community ID
	Parent    ID // 0 = top
	Level     int
	Name      string
	Path      string // ids from the top down to this one: /1/2/
}

// House is a leaf of the tree 房屋: one door number.
type House struct {
	ID         ID
	Community  ID
	Node       ID     // the node it hangs under; 0 = top
	Name       string // door number
	Label      string // the whole: 3栋2单元501
	Path       string // of its node
	ArrearsFen int64
}
