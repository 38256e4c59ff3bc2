package open

import (
	"tongxing/core"
	"tongxing/store"
)

type communityBody struct {
	ID     core.ID  `json:"id"`
	Name   string   `json:"name"`
	Levels []string `json:"levels"` // of a house's name, top first
}

// communityList returns the communities that the client may read.
func (a *API) communityList(c call) (any, error) {
	all, err := a.store.Communities(c.Ctx(), c.client.Scope)
	if err != nil {
		return nil, err
	}
	bodies := []communityBody{}
	for _, community := range all {
		bodies = append(bodies, communityBody{community.ID, community.Name, community.Levels})
	}
	return struct {
		Communities []communityBody `json:"communities"`
	}{bodies}, nil
}

// arrearsForm is what a house owes. Amounts are text, for a number of JSON may lose a cent.
type arrearsForm struct {
	House  string  `json:"house"`
	Amount *string `json:"amount"`
	Remark *string `json:"remark"` // nil = the one on file stays
}

type arrearsBody struct {
	House   core.ID `json:"house_id"`
	Label   string  `json:"house"`
	Amount  string  `json:"amount"`
	Remark  string  `json:"remark"`
	Changed bool    `json:"changed"`
}

// houseArrears sets what a house owes.
func (a *API) houseArrears(c call) (any, error) {
	community, err := c.ParamID("id")
	if err != nil {
		return nil, err
	}
	var form arrearsForm
	if err := c.bind(&form); err != nil {
		return nil, err
	}
	if form.Amount == nil || core.Clean(*form.Amount) == "" { // a debt is not cleared by a field that was left empty
		return nil, core.InvalidFields(map[string]string{"amount": "请填写金额，缴清写 0"})
	}
	fen, err := core.ParseYuan(*form.Amount)
	if err != nil {
		return nil, core.InvalidFields(map[string]string{"amount": core.MessageOf(err)})
	}
	house, changed, err := a.store.UpdateArrears(c.Ctx(), c.by(), c.client.Scope, store.HouseArrears{
		Community: community, House: form.House, Fen: fen, Remark: form.Remark,
	})
	if err != nil {
		return nil, err
	}
	return arrearsBody{
		House: house.ID, Label: house.Label, Amount: core.PlainYuan(house.ArrearsFen), Remark: house.Remark, Changed: changed,
	}, nil
}
