package status

// scriptPlots draws the two plots, as SVG: stacked bars, one for each minute. Each has a
// text that says the same to those who do not see it.
const scriptPlots = `
var space="http://www.w3.org/2000/svg",H=190,L=38,B=22,T=8;
function shape(name,attributes,text){var e=document.createElementNS(space,name);for(var k in attributes)e.setAttribute(k,attributes[k]);if(text!==undefined)e.textContent=text;return e}
function nice(n){if(n<=4)return 4;var p=Math.pow(10,Math.floor(Math.log10(n)));var steps=[1,2,4,5,10];for(var i=0;i<steps.length;i++)if(steps[i]*p>=n)return steps[i]*p;return 10*p}
function plot(into,title,series,limit){
var n=series[0].values.length,top=limit||0,i,j,W=Math.max(into.clientWidth,240);
for(i=0;i<n;i++){var all=0;for(j=0;j<series.length;j++)all+=series[j].values[i];if(all>top)top=all}
top=nice(top);
var y=function(v){return H-B-(H-B-T)*v/top},w=(W-L)/n;
var summary=title+": "+series.map(function(s){return num(sum(s.values))+" "+s.name}).join(", ")+".";
var svg=shape("svg",{viewBox:"0 0 "+W+" "+H,role:"img","aria-label":summary});
[0,.5,1].forEach(function(f){svg.appendChild(shape("line",{x1:L,x2:W,y1:y(top*f),y2:y(top*f),"class":"grid"}));
svg.appendChild(shape("text",{x:L-6,y:y(top*f)+4,"text-anchor":"end"},num(top*f)))});
for(i=0;i<n;i++){var base=0,tip=[];
var group=shape("g",{});
for(j=0;j<series.length;j++){var v=series[j].values[i];if(!v)continue;tip.push(num(v)+" "+series[j].name);
group.appendChild(shape("rect",{x:(L+i*w+.7).toFixed(1),width:Math.max(w-1.4,1).toFixed(1),y:y(base+v).toFixed(1),height:Math.max(y(base)-y(base+v),.6).toFixed(1),"class":series[j].cls}));base+=v}
if(tip.length){group.appendChild(shape("title",{},(n-1-i?(n-1-i)+" min ago: ":"this minute: ")+tip.join(", ")));svg.appendChild(group)}}
if(limit)svg.appendChild(shape("line",{x1:L,x2:W,y1:y(limit),y2:y(limit),"class":"limit"}));
[[0,"60 min ago","start"],[.5,"30","middle"],[1,"now","end"]].forEach(function(t){svg.appendChild(shape("text",{x:L+(W-L)*t[0],y:H-6,"text-anchor":t[2]},t[1]))});
var legend=el("div",null,"legend");
series.forEach(function(s){var e=el("span",null,"k-"+s.key);e.appendChild(el("b",num(sum(s.values))));e.appendChild(document.createTextNode(" "+s.name));legend.appendChild(e)});
if(limit){var e=el("span",null,"k-limit");e.textContent="budget, "+(limit>=10?num(Math.round(limit)):limit.toFixed(1))+" a minute";legend.appendChild(e)}
clear(into);into.appendChild(svg);into.appendChild(legend)
}
function plots(s){
var h=s.hour,limit=0;
plot(byId("requests"),"Requests",[{name:"hits",key:"hits",cls:"hits",values:h.hits},{name:"misses",key:"misses",cls:"misses",values:h.misses},
{name:"refused",key:"refusals",cls:"refusals",values:h.refusals},{name:"unavailable",key:"unavailable",cls:"unavailable",values:h.unavailable}]);
s.scopes.forEach(function(c){if(c.budget)limit+=c.budget.calls/(c.budget.period/60)});
plot(byId("calls"),"Calls to upstreams",[{name:"calls",key:"calls",cls:"callbars",values:h.calls}],limit);
}
`
