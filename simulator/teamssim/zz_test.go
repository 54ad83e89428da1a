package teamssim_test
import ("testing";"os";"fmt")
func TestZZ(t *testing.T){ w:=newWorld(t); 
 keys:=func(x any) map[string]bool { out:=map[string]bool{}; var walk func(p string,x any); walk=func(p string,x any){ switch y:=x.(type){ case map[string]any: for k,v:=range y{ out[p+"."+k]=true; walk(p+"."+k,v)}; case []any: for _,v:=range y{ walk(p+"[]",v)} } }; walk("",x); return out}
 cmp:=func(f string,d []byte){ b,_:=os.ReadFile("/work/shared/spec/teams-activities/"+f+".json"); a:=keys(object(t,b)["activity"]); o:=keys(object(t,d)); for k:=range a{ if !o[k]{fmt.Println(f,"missing",k)}}; for k:=range o{ if !a[k]{fmt.Println(f,"extra",k)}} }
 cmp("message-personal-slash-text", w.Say(t.Context(),dana,"","x").Activity)
 cmp("message-channel-mention", w.Say(t.Context(),dana,service,"x").Activity)
 cmp("message-groupchat-mention", w.Say(t.Context(),dana,duo,"x").Activity)
 i:=w.Install(t.Context(),dana,""); cmp("conversationUpdate-membersAdded-personal",i[0].Activity); cmp("installationUpdate-add-personal",i[1].Activity)
 i=w.Install(t.Context(),dana,service); cmp("conversationUpdate-teamMemberAdded-channel",i[0].Activity)
 i=w.Install(t.Context(),dana,duo); cmp("installationUpdate-add-groupchat",i[1].Activity)
 id:=w.post(w.Personal(dana), withCard(card(says("x"), execute("confirm",`{"nonce":"1","ticket":1,"note":""}`)+`,{"type":"Action.Submit","title":"P","data":{"op":"o-2","nonce":1}}`)))
 cmp("invoke-adaptiveCard-action-confirm", w.Click(t.Context(),dana,id,"confirm").Activity)
 cmp("message-action-submit-value", w.Submit(t.Context(),dana,id,"P").Activity)
 s:=w.Say(t.Context(),dana,"","x")
 cmp("invoke-composeExtension-fetchTask-message", w.MessageAction(t.Context(),dana,s.ID,"c").Activity)
 cmp("invoke-composeExtension-fetchTask-compose", w.Compose(t.Context(),dana,"","c").Activity)
}
