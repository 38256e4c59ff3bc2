package simulator

import (
	"encoding/json"
	"strconv"
	"time"
)

// mcardsea is a QR-86 or one of its kin, which sends a reading four times.
var mcardsea = firmware{
	request: func(d Device, text string, now time.Time) message {
		way := "11"
		if d.Out {
			way = "10"
		}
		return message{query: "cardid=" + escape(text) + "&mjihao=1&cjihao=" + d.Serial + "&status=" + way +
			"&time=" + strconv.FormatInt(now.Unix(), 10)}
	},
	opens:   mcardseaOpens,
	repeats: 3,
}

// mcardseaOpens reports whether the answer is whole, was understood, and says legal for the first reading.
func mcardseaOpens(answer []byte) bool {
	var reply struct {
		Data []struct {
			CardID *string `json:"cardid"`
			Serial *string `json:"cjihao"`
			Gate   *int    `json:"mjihao"`
			Status *int    `json:"status"`
			Time   *string `json:"time"`
			Output *int    `json:"output"`
		} `json:"data"`
		Code    *int    `json:"code"`
		Message *string `json:"message"`
	}
	if err := json.Unmarshal(answer, &reply); err != nil || len(reply.Data) != 1 || reply.Code == nil || reply.Message == nil {
		return false
	}
	d := reply.Data[0]
	whole := d.CardID != nil && d.Serial != nil && d.Gate != nil && d.Status != nil && d.Time != nil && d.Output != nil
	return whole && *reply.Code == 0 && *d.Status == 1
}
